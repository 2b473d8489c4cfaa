"""The names of rules: one list, which policies, decisions and documentation share."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from webhook.core import rules
from webhook.core.policy.choices import RULE_NAMES

WITHOUT_A_NAME = {"exemption", "final"}
"""Who is exempt is no rule; the final state is judged by the rules that make it."""


def test_every_rule_has_a_name_that_policies_may_set_apart_and_no_other_is_there() -> None:
    modules = [
        import_module(f"{rules.__name__}.{each.name}")
        for each in iter_modules([str(Path(rules.__file__ or "").parent)])
    ]
    named = {each.__name__.rpartition(".")[2]: getattr(each, "NAME", None) for each in modules}
    assert {module for module, name in named.items() if name is None} == WITHOUT_A_NAME
    found = [name for name in named.values() if name is not None]
    assert sorted(found) == sorted(RULE_NAMES)


def test_every_rule_says_its_name_in_its_first_line() -> None:
    for each in iter_modules([str(Path(rules.__file__ or "").parent)]):
        module = import_module(f"{rules.__name__}.{each.name}")
        if each.name not in WITHOUT_A_NAME:
            assert (module.__doc__ or "").startswith(f"Rule `{module.NAME}`: ")
