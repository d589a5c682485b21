# SPDX-License-Identifier: Apache-2.0
"""The node methods that FairCart calls, by what may be done when an answer is lost. Pure."""

from __future__ import annotations

READS = frozenset(
    {
        "getaddresses",
        "getblockchainparams",
        "getblockcount",
        "getchunkqueueinfo",
        "getchunkqueuetotals",
        "getinfo",
        "getinitstatus",
        "getlastblockinfo",
        "getpeerinfo",
        "getruntimeparams",
        "getstreamitem",
        "getstreaminfo",
        "gettxoutdata",
        "listaddresses",
        "listpermissions",
        "liststreamitems",
        "liststreamkeyitems",
        "liststreamkeys",
        "liststreampublisheritems",
        "liststreampublishers",
        "liststreams",
        "liststreamtxitems",
        "listwallettransactions",
        "signmessage",
        "validateaddress",
        "verifymessage",
        "verifypermission",
    }
)
"""Calls that change nothing: repeated after any failure of the way to the node."""

REPEATABLE = READS | {"subscribe", "unsubscribe"}
"""Calls whose second execution changes nothing more."""

METHODS = REPEATABLE | {
    "addnode",
    "appendbinarycache",
    "create",
    "createbinarycache",
    "createfrom",
    "deletebinarycache",
    "getnewaddress",
    "grant",
    "grantfrom",
    "publish",
    "publishfrom",
    "publishmulti",
    "publishmultifrom",
    "purgepublisheditems",
    "revoke",
    "revokefrom",
}
"""All that FairCart calls. `getwallettransaction` is left out on purpose: with an all-zero txid it kills a
node.
"""
