"""The four kinds as CustomResourceDefinitions, made from the dataclasses of the documents.

`definitions` gives the objects, `openapi` turns dataclasses into schemas, `rules` holds in CEL what
a schema can not say. What two objects say of one another is `check`'s.
"""

from webhook.core.policy.crd.definitions import CATEGORY, RESOURCES, Resource, render

__all__ = ["CATEGORY", "RESOURCES", "Resource", "render"]
