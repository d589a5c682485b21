# SPDX-License-Identifier: Apache-2.0
"""The customer's rights: receipts, ledger, proofs, portability, erasure. See README.md and
DATA_PROTECTION.md.

| file | what | does I/O |
|---|---|---|
| `statements.py` | signed statements that no contract reads | |
| `receipts.py` | consent receipts: made, and checked | through `ledgers` |
| `ledgers.py` | what a customer asks the two ledgers | through its sources |
| `sources.py` | where stream items come from: a stream node, or any agent's API | network |
| `ledger.py` | the access log line by line, verified and reconciled | through `ledgers` |
| `steps.py` | which events the access log has to tell of | |
| `ledger_export.py` | the verified ledger as JSON-LD and CSV | |
| `proofs.py` | proofs of existence of an order or a data set | through `ledgers` |
| `holdings.py` | everything that a custodian holds about a customer | |
| `archive.py` | the portability archive | |
| `erasure.py` | notices, acknowledgements, certificates | |
| `customer.py` | the customer's side of an agent's API | network |
"""
