# SPDX-License-Identifier: Apache-2.0
"""Commands about credits, the same for every contract that pays out."""

from typing import Any, TextIO

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option
from faircart.papers import CreditWithdrawal

from scripts import _papers
from scripts._arguments import Address, Amount, Duration, moment
from scripts._call import deployed, records_option, send, sending, sending_options
from scripts._connected import NodeCommand
from scripts._tx import ether


def add_credit_commands(group: click.Group, name: str) -> None:
    """Adds the commands that show, withdraw and sign withdrawals of credits in contract `name`."""

    @group.command(cls=NodeCommand)
    @click.argument("owner", type=Address())
    @records_option()
    def credit(provider: ProviderAPI, records: Any, owner: str) -> None:
        """What OWNER can withdraw: payments that it did not accept."""
        contract = deployed(provider, records, name)
        amount = contract.view(contract.functions.creditOf(owner))
        click.echo(f"{owner} has a credit of {ether(amount)} ({amount} wei)")

    @group.command(cls=NodeCommand)
    @click.option("--to", type=Address(), required=True, help="Who receives the ether.")
    @click.option("--amount", type=Amount(), required=True, help="How much, for example '0.01 ether'.")
    @sending_options
    def withdraw_credit(
        account: AccountAPI,
        provider: ProviderAPI,
        depth: Any,
        dry_run: bool,
        records: Any,
        to: str,
        amount: int,
    ) -> None:
        """Send part of the caller's credit to an account of its choice."""
        contract = deployed(provider, records, name)
        send(
            contract,
            sending(provider, account, depth, dry_run),
            contract.functions.withdrawCredit(to, amount),
            f"{ether(amount)} of the credit of {account.address} go to {to}.",
        )

    @group.command(cls=NodeCommand)
    @account_option()
    @records_option()
    @click.option("--owner", type=Address(), help="The owner, if a contract account. Default: the account.")
    @click.option("--to", type=Address(), required=True, help="Who receives the ether.")
    @click.option("--amount", type=Amount(), required=True, help="How much, for example '0.01 ether'.")
    @click.option(
        "--valid-for", type=Duration(), default="1d", help="How long it can be submitted. Default: 1d."
    )
    @_papers.OUT
    def sign_credit_withdrawal(
        account: AccountAPI,
        provider: ProviderAPI,
        records: Any,
        owner: str | None,
        to: str,
        amount: int,
        valid_for: int,
        out: TextIO,
    ) -> None:
        """Sign a withdrawal for somebody else to submit."""
        contract = deployed(provider, records, name)
        owner = owner or account.address
        nonce = contract.view(contract.functions.nonces(owner))
        paper = CreditWithdrawal(
            owner=owner, to=to, amount=amount, nonce=nonce, valid_until=contract.later(valid_for)
        )
        click.echo(
            f"{owner} lets anyone send {ether(amount)} of its credit to {to} until "
            f"{moment(paper.valid_until)}.",
            err=True,
        )
        _papers.save(out, paper, contract.domain, _papers.sign(account, paper, contract.domain))

    @group.command(cls=NodeCommand)
    @click.argument("withdrawal", type=_papers.PAPER_FILE)
    @sending_options
    def withdraw_credit_for(
        account: AccountAPI,
        provider: ProviderAPI,
        depth: Any,
        dry_run: bool,
        records: Any,
        withdrawal: TextIO,
    ) -> None:
        """Submit the signed WITHDRAWAL of a credit's owner."""
        contract = deployed(provider, records, name)
        signed = _papers.load(withdrawal, CreditWithdrawal, contract.domain)
        paper = signed.paper
        send(
            contract,
            sending(provider, account, depth, dry_run),
            contract.functions.withdrawCreditFor(paper.abi(), signed.signature),
            f"{ether(paper.amount)} of the credit of {paper.owner} go to {paper.to}.",
        )

    @group.command(cls=NodeCommand)
    @click.argument("withdrawal", type=_papers.PAPER_FILE)
    @sending_options
    def void_credit_withdrawal(
        account: AccountAPI,
        provider: ProviderAPI,
        depth: Any,
        dry_run: bool,
        records: Any,
        withdrawal: TextIO,
    ) -> None:
        """Make a signed WITHDRAWAL worthless that was not submitted yet. Its owner calls."""
        contract = deployed(provider, records, name)
        paper = _papers.load(withdrawal, CreditWithdrawal, contract.domain).paper
        if paper.owner != account.address:
            raise click.ClickException(
                f"{withdrawal.name} is a withdrawal of {paper.owner}, and only that account can void it, not "
                f"{account.address}. Choose it with --account."
            )
        send(
            contract,
            sending(provider, account, depth, dry_run),
            contract.functions.voidCreditWithdrawal(paper.nonce),
            f"No withdrawal that {paper.owner} signed with nonce {paper.nonce} can be submitted any more.",
        )
