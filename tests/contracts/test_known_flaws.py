# SPDX-License-Identifier: Apache-2.0
"""The flaws that were reproduced in comparable systems, and that FairCart does not have.

FairSwap never ties the index of the disputed output to that of the input, so an honest seller loses. FairDrop
pays out collateral that was never put in. Kleros escrow-v2 marks an order paid when the receiver needs more
than 2,300 gas, and keeps the money. Two-slot trees without domain separation let a 64-byte leaf pass for a
node. FairSwap and FDE post the key in clear. Safe Remote Purchase and ANRG's dual deposit have no timeout.
"""

from dataclasses import replace
from hashlib import sha256

import pytest
from faircart.sealing import DocumentVersion, merkle, prove_chunk

from tests.support.reverts import reverts
from tests.support.shop import AMOUNT, Shop
from tests.support.trade import STANDING, WRONG_KEY, Trade

NO_CHUNK = (0, b"", bytes(32), [])


@pytest.fixture
def trade(chain, registry, exchange, customer, consumer, custodian, stranger) -> Trade:
    trade = Trade(chain, registry, exchange, customer, consumer, custodian, stranger)
    exchange.fund(sender=custodian, value=STANDING)
    return trade


@pytest.fixture
def shop(chain, escrow, buyer, seller, arbiter) -> Shop:
    return Shop(chain, escrow, buyer, seller, arbiter)


@pytest.mark.parametrize(("index", "claimed"), [(0, 1), (1, 0), (4, 2)])
def test_fairswap__an_honest_custodian_keeps_its_money_when_indices_are_mixed_up(
    trade, exchange, consumer, index, claimed
):
    deal = trade.delivered(document=b"x" * 1_000)
    chunk, other = prove_chunk(deal.item, index), prove_chunk(deal.item, claimed)
    # The ciphertext of one chunk against what another one should decrypt to, in every combination.
    for position, leaf, path in [
        (claimed, other.data_leaf, other.path),
        (index, other.data_leaf, chunk.path),
        (claimed, chunk.data_leaf, chunk.path),
        (index, chunk.data_leaf, other.path),
    ]:
        item_leaf = sha256(b"\x02" + position.to_bytes(4, "big") + chunk.ciphertext_chunk + leaf).digest()
        with reverts(
            exchange,
            "DataExchange_ChunkNotInItem",
            index=position,
            computedRoot=merkle.root_of_path(item_leaf, path),
            itemRoot=deal.item.item_root,
        ):
            proof = (deal.wrapped_key, deal.pad, position, chunk.ciphertext_chunk, leaf, path)
            exchange.proveFault(deal.offer.abi(), proof, sender=consumer)
    assert trade.state(deal)[0] == "Delivered"


def test_fairdrop__no_deposit_is_paid_out_that_was_not_put_in(trade, exchange, custodian):
    deal = trade.consented(custodian_deposit=STANDING + 1)
    exchange.fund(sender=trade.stranger, value=10 * STANDING)  # somebody else's money is there
    with reverts(
        exchange,
        "DataExchange_BalanceTooLow",
        account=custodian,
        available=STANDING,
        needed=STANDING + 1,
    ):
        trade.open(deal)


def test_fairdrop__one_deposit_is_not_promised_to_two_exchanges(trade, exchange, custodian):
    first = trade.consented(custodian_deposit=STANDING)
    second = trade.consented(custodian_deposit=STANDING)
    trade.open(first)
    with reverts(exchange, "DataExchange_BalanceTooLow", account=custodian, available=0, needed=STANDING):
        trade.open(second)


def test_fairdrop__a_conviction_pays_exactly_what_both_sides_put_in(trade, exchange, consumer, custodian):
    deal = trade.consented()
    books = trade.books()
    receipts = [trade.open(deal), trade.deliver(deal, WRONG_KEY)]
    proof = (WRONG_KEY, deal.pad, *NO_CHUNK)
    receipts.append(exchange.proveFault(deal.offer.abi(), proof, sender=consumer))
    deposit = deal.offer.terms.custodian_deposit
    books.expect(
        *receipts,
        ether={consumer: -deal.consumer_pays, exchange: deal.consumer_pays},
        standing={consumer: deal.consumer_pays + deposit, custodian: -deposit},
    )


@pytest.fixture
def dear_wallet(deployer, project, registry):
    """Deploys a contract account whose `receive` needs much more than 2,300 gas, and takes the ether."""

    def deploy(owner):
        # It calls a view of the registry each time it is paid: the script of a ReenteringWallet.
        code = b"\x01" + bytes.fromhex(registry.address[2:]) + bytes(registry.epochOf.encode_input(owner))
        creation = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("80600c6000396000f3")
        transaction = deployer.provider.network.ecosystem.create_transaction(data=creation + code)
        return deployer.deploy(project.ReenteringWallet, owner, deployer.call(transaction).contract_address)

    return deploy


def test_kleros__a_seller_whose_receive_needs_more_than_2300_gas_is_paid(
    shop, escrow, buyer, seller, dear_wallet
):
    wallet = dear_wallet(seller)
    sale = shop.funded(seller=wallet.address)
    done = escrow.confirm(sale.abi, sender=buyer)
    assert done.events == [escrow.Completed(orderId=sale.id, sellerAmount=AMOUNT)]
    assert (wallet.balance, escrow.balance, escrow.creditOf(wallet)) == (AMOUNT, 0, 0)


def test_kleros__a_seller_that_refuses_keeps_its_claim(
    shop, escrow, buyer, seller, stranger, deployer, project
):
    wallet = deployer.deploy(project.RefusingWallet, seller)
    sale = shop.funded(seller=wallet.address)
    escrow.confirm(sale.abi, sender=buyer)
    assert escrow.creditOf(wallet) == AMOUNT
    before = stranger.balance
    wallet.execute(escrow, 0, escrow.withdrawCredit.encode_input(stranger, AMOUNT), sender=seller)
    assert (stranger.balance, escrow.balance) == (before + AMOUNT, 0)


def test_kleros__a_customer_whose_receive_needs_more_than_2300_gas_is_paid(
    trade, exchange, consumer, customer, dear_wallet
):
    wallet = dear_wallet(customer)
    market = replace(trade.market, customer=trade.market.customer.at(wallet.address))
    deal = trade.deal(market)
    trade.grant(deal, market)
    trade.open(deal)
    trade.deliver(deal)
    confirmed = exchange.confirm(*deal.papers, sender=consumer)
    assert confirmed.events == [exchange.Confirmed(exchangeId=deal.exchange_id)]
    assert (wallet.balance, exchange.creditOf(wallet)) == (deal.offer.reward, 0)


def test_two_slot_trees__the_64_bytes_of_a_node_do_not_pass_for_a_leaf(trade, exchange, consumer):
    deal = trade.delivered(document=b"x" * 480)  # two chunks: the root's preimage are their leaves
    left, right = sorted(deal.item.item_tree[0])
    assert sha256(b"\x01" + left + right).digest() == deal.item.item_root
    for ciphertext, data_leaf in [(left, right), (right, left), (left + right, right)]:
        leaf = sha256(b"\x02" + bytes(4) + ciphertext + data_leaf).digest()
        with reverts(
            exchange,
            "DataExchange_ChunkNotInItem",
            index=0,
            computedRoot=leaf,
            itemRoot=deal.item.item_root,
        ):
            proof = (deal.wrapped_key, deal.pad, 0, ciphertext, data_leaf, [])
            exchange.proveFault(deal.offer.abi(), proof, sender=consumer)


def test_two_slot_trees__a_document_made_of_two_leaves_has_another_root(trade):
    version = DocumentVersion.make(b"x" * 480)
    left, right = sorted(version.leaves)
    forged = DocumentVersion.make((left + right)[16:], [(left + right)[:16]])
    assert forged.plaintext == left + right
    assert forged.root != version.root


def test_fairswap_and_fde__nobody_who_reads_the_chain_learns_the_key_on_the_honest_path(
    trade, exchange, consumer
):
    deal = trade.consented()
    receipts = [
        trade.open(deal),
        trade.deliver(deal),
        exchange.confirm(*deal.papers, sender=consumer),
    ]
    seen = b"".join(
        bytes(trade.chain.provider.web3.eth.get_transaction(receipt.txn_hash)["input"])
        + b"".join(bytes(log["data"]) + b"".join(map(bytes, log["topics"])) for log in receipt.logs)
        for receipt in receipts
    )
    assert deal.wrapped_key in seen
    assert deal.key not in seen
    assert deal.pad not in seen


def test_no_timeout__a_silent_custodian_costs_the_consumer_nothing(trade, exchange, stranger, consumer):
    deal = trade.opened()
    trade.at(trade.deadline(deal) + 1)
    exchange.cancel(*deal.papers, sender=stranger)
    assert exchange.balanceOf(consumer) == deal.consumer_pays + deal.offer.terms.custodian_deposit


def test_no_timeout__a_silent_consumer_costs_customer_and_custodian_nothing(
    trade, exchange, stranger, customer, custodian
):
    deal = trade.delivered()
    before = customer.balance
    trade.at(trade.deadline(deal) + 1)
    exchange.settle(*deal.papers, sender=stranger)
    assert customer.balance == before + deal.offer.reward + deal.offer.terms.consumer_deposit
    assert exchange.balanceOf(custodian) == STANDING + deal.offer.terms.fee


@pytest.mark.parametrize(
    ("state", "call", "to_buyer", "to_seller"),
    [
        ("Funded", "refund", AMOUNT, 0),
        ("Shipped", "claim", 0, AMOUNT),
        ("Disputed", "lapse", AMOUNT - AMOUNT // 2, AMOUNT // 2),
    ],
)
def test_no_timeout__whoever_is_silent_the_order_ends(
    shop, escrow, buyer, seller, stranger, state, call, to_buyer, to_seller
):
    sale = shop.in_state(state)
    before = buyer.balance, seller.balance
    shop.at(shop.deadline(sale) + 1)
    getattr(escrow, call)(sale.abi, sender=stranger)
    assert (buyer.balance - before[0], seller.balance - before[1]) == (to_buyer, to_seller)
    assert escrow.balance == 0
