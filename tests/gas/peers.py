# SPDX-License-Identifier: Apache-2.0
"""What others take, to hold beside our figures.

Measured side by side on anvil 1.7.1, optimizer on, 200 runs, each peer with the compiler of its time. None of
them does all that ours does: see contracts/README.md.
"""

ESCROW = [
    ("Solidity docs, Safe Remote Purchase", "46,571", "74,924", "a contract per sale (392,588); no timeout"),
    ("OpenBazaar Escrow", "272,474", "175,977", ""),
    ("Kleros v1", "154,413", "42,072", ""),
    ("Kleros escrow-v2", "126,847", "64,029", "a refused payout stays in the contract"),
    ("Origin marketplace V01", "156,405 + 46,175", "61,781", ""),
]
CONSENT = [
    ("datafund basic", "169,180", "200,189", "29,463", "none"),
    ("datafund Kantara receipt", "315,596", "none", "75,917", "none"),
    ("a record shaped like draft ERC-8356", "none", "~235,000", "37,116-54,216", ""),
]
EXCHANGE = [
    ("FairSwap (CCS'18), reused contract", "168,617 warm / 299,517 first", "56,000-143,000", "everybody"),
    ("FDE ElGamal (CCS'24)", "264,738", "none needed; proofs off chain", "everybody"),
    ("FairDrop", "226,179 + 141,135 a file", "63,744-69,084", "nobody else"),
    ("ANRG dual deposit", "137,221 + 550,547 deploy a sale", "none; no timeout", "not about keys"),
]
