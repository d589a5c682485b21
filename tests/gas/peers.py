# SPDX-License-Identifier: Apache-2.0
"""What others take, to hold beside our figures.

Measured side by side on anvil 1.7.1, optimizer on, 200 runs, each peer with the compiler of its time. None of
them does all that ours does: see contracts/README.md.
"""

ESCROW = [
    (
        "Solidity docs, Safe Remote Purchase",
        "392,588 a sale",
        "46,571",
        "74,924",
        "53,463",
        "none",
        "no timeout",
    ),
    ("OpenBazaar Escrow", "2,541,520", "272,474", "175,977", "", "245,600", ""),
    (
        "Kleros v1",
        "1,906,268",
        "154,413",
        "42,072",
        "42,153",
        "397,179",
        "",
    ),
    (
        "Kleros escrow-v2",
        "2,258,325",
        "126,847",
        "64,029",
        "64,092",
        "~505,000",
        "a refused payout stays in the contract",
    ),
    ("Origin marketplace V01", "2,643,203", "156,405 + 46,175", "61,781", "61,258", "100,430", ""),
    ("floor: one hash-keyed slot per order", "355,762", "49,976", "40,101", "40,107", "", "no safeguards"),
]
CONSENT = [
    ("datafund basic", "169,180", "200,189", "29,463", "none"),
    ("datafund Kantara receipt", "315,596", "none", "75,917", "none"),
    ("a record shaped like draft ERC-8356", "none", "~235,000", "37,116-54,216", ""),
    ("floor: one slot and an event", "50,485", "57,150", "31,340", "37,286"),
]
EXCHANGE = [
    ("FairSwap (CCS'18), reused contract", "168,617 warm / 299,517 first", "56,000-143,000", "everybody"),
    ("FDE ElGamal (CCS'24)", "264,738", "none needed; proofs off chain", "everybody"),
    ("FairDrop", "226,179 + 141,135 a file", "63,744-69,084", "nobody else"),
    ("pFairSwap (PoPETs'22)", "as FairSwap", "larger circuits", "nobody else, also in a dispute"),
    (
        "floor: pad wrap, one slot, no consumer deposit",
        "132,800",
        "63,807 wrong key; 91,125 wrong chunk of 1,024",
        "nobody else",
    ),
    ("ANRG dual deposit", "137,221 + 550,547 deploy a sale", "none; no timeout", "not about keys"),
]
