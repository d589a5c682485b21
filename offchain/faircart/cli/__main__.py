# SPDX-License-Identifier: Apache-2.0
"""`python -m faircart.cli`: the same as the console script."""

from faircart.cli import main

main(prog_name="faircart")
