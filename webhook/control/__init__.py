"""The controller: what one elected leader keeps in order, and tells.

That is certificates, the registration, labels and taints of nodes, statuses, and the audit. Plans
are pure (`rotation`, `registration.wish`, `status`), duties carry them out (`duty`, `keeper`,
`registration`, `marker`, `reporter`, `auditor`), `controller` puts it together.
It decides nothing about pods and serves no review.
"""
