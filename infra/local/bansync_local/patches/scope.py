"""MiniStack looks everything up in the account and region of the request at hand; a thread of its own has none."""

import contextlib


@contextlib.contextmanager
def owned_by(account: str, region: str):
    """Run the block as if it served a request of this account and region."""
    from ministack.core import responses

    account_token, region_token = responses._request_account_id.set(account), responses._request_region.set(region)
    try:
        yield
    finally:
        responses._request_account_id.reset(account_token)
        responses._request_region.reset(region_token)
