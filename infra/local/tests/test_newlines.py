import unittest

from ministack.services import apigateway

from bansync_local.patches import newlines

ROUTE, PATH = "/things/{proxy+}", "/things/one\ntwo"


class Newlines(unittest.TestCase):
    def setUp(self):
        unpatched = apigateway._extract_path_params
        self.addCleanup(setattr, apigateway, "_extract_path_params", unpatched)

    def test_without_the_patch_a_path_with_a_line_break_has_no_route(self):
        self.assertIsNone(apigateway._extract_path_params(ROUTE, PATH))

    def test_with_the_patch_it_has(self):
        newlines.apply()
        self.assertEqual(apigateway._extract_path_params(ROUTE, PATH), {"proxy": "one\ntwo"})
        self.assertEqual(apigateway._extract_path_params("/things", "/things"), {})
        self.assertIsNone(apigateway._extract_path_params("/things", PATH))
