"""What the tests of all clouds have in common."""
import json
import sys
import unittest

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

import clouds


class OnCloud(unittest.TestCase):
    """Every test stands in a class for each flavour; the class without one is not run."""

    flavour = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cloud = clouds.shared(cls.flavour)

    @property
    def is_telekom(self):
        return self.flavour == clouds.TELEKOM

    def assert_refused(self, status, call, *arguments):
        """What the vendor's client makes of a refusal."""
        with self.assertRaises(ClientRequestException) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.status_code, status, caught.exception)
        return caught.exception

    def assert_registry_refused(self, status, code, call, *arguments):
        """Of the array that one flavour answers, the vendor's client reads no code: it gives the status in its place."""
        refusal = self.assert_refused(status, call, *arguments)
        if not self.is_telekom:
            self.assertEqual(refusal.error_code, code)
            return
        self.assertEqual(refusal.error_code, str(status))
        (item,) = json.loads(refusal.error_msg)
        self.assertEqual(item["errorCode"], code)


def for_each(*flavours):
    """Makes the class that it stands above run once for each flavour."""

    def make(case):
        module = sys.modules[case.__module__]
        for flavour in flavours:
            name = f"{case.__name__}_{flavour.replace('-', '_')}"
            setattr(module, name, type(name, (case, OnCloud), {"flavour": flavour, "title": flavour, "__module__": case.__module__}))
        return case

    return make
