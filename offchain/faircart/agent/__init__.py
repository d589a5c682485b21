# SPDX-License-Identifier: Apache-2.0
"""The daemon of an enterprise: events in, effects out."""
