# SPDX-License-Identifier: Apache-2.0
"""What the contracts are to do, once more: small, slow, and written from the interfaces' words.

A model call takes what the contract call takes (structs as papers, signatures with the name of who made
them) and either raises `Refused` with the exact error, or changes the model and logs the exact events.
"""
