"""The only module that talks to Ethereum: node, contracts, events, transactions, deployment records."""
