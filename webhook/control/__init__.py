"""The controller: what one elected leader keeps in order, certificates and the registration.

Plans are pure (`rotation`, `registration.wish`), duties carry them out (`duty`, `keeper`,
`registration`), `controller` puts it together. It decides nothing about pods and serves no review.
"""
