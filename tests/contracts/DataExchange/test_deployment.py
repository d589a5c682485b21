# SPDX-License-Identifier: Apache-2.0
"""deployment.tree"""

from tests.support.market import HOUR, MINUTE
from tests.support.reverts import reverts


def test_given_a_registry_without_code__it_reverts(deployer, exchange, project, stranger):
    with reverts(exchange, "DataExchange_NoRegistry", registry=stranger):
        deployer.deploy(project.DataExchange, stranger)


def test_given_a_deployed_exchange__it_names_its_registry_and_its_bounds(exchange, registry):
    assert exchange.CONSENT_REGISTRY() == registry.address
    assert exchange.GRACE() == 10 * MINUTE
    assert exchange.MIN_WINDOW() == 10 * MINUTE
    assert exchange.MAX_DELIVER_WINDOW() == 24 * HOUR
    assert exchange.MAX_RESPOND_WINDOW() == 7 * 24 * HOUR
    assert exchange.MAX_AMOUNT() == 2**128 - 1
    assert exchange.CHUNK_SIZE() == 256
    # Chunk i takes the blocks 1 + 4 i to 4 + 4 i of the key stream, which are counted in 32 bits.
    assert 4 + 4 * exchange.MAX_CHUNK_INDEX() <= 2**32 - 1 < 4 + 4 * (exchange.MAX_CHUNK_INDEX() + 1)


def test_given_a_deployed_exchange__it_computes_the_ids_that_agents_sign(trade, exchange):
    deal = trade.deal()
    assert exchange.offerDigest(deal.offer.abi()) == deal.exchange_id
    assert exchange.exchangeId(*deal.papers) == deal.exchange_id
    assert exchange.sealingHash(deal.offer.sealing.abi()) == deal.offer.sealing.hash_struct()


def test_given_a_deployed_exchange__it_signs_in_a_domain_of_its_own(trade, exchange, registry):
    assert exchange.DOMAIN_SEPARATOR() == trade.market.exchange.separator()
    assert exchange.DOMAIN_SEPARATOR() != registry.DOMAIN_SEPARATOR()


def test_given_a_deployed_exchange__it_takes_no_ether_but_through_fund_and_open(exchange, stranger):
    assert exchange.contract_type.fallback is None
    assert not any(entry.type == "receive" for entry in exchange.contract_type.abi)
    payable = {m.name for m in exchange.contract_type.mutable_methods if m.stateMutability == "payable"}
    assert payable == {"fund", "open", "openMany"}
