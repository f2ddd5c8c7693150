import unittest

from bansync_local import stack, template

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: prod, AllowedValues: [dev, prod]}
  AlarmEmail: {Type: String, Default: ""}
  Size: {Type: Number, Default: 7}
Mappings: {Days: {dev: {Kept: 1}, prod: {Kept: 30}}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  ByEmail: !Not [!Equals [!Ref AlarmEmail, ""]]
  Both: !And [!Condition IsProd, !Condition ByEmail]
  Here: !Equals [!Ref AWS::Region, us-east-1]
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      RetentionInDays: !FindInMap [Days, !Ref Stage, Kept]
      LogGroupName: !If [IsProd, kept, !Ref AWS::NoValue]
  Subscription:
    Type: AWS::SNS::Subscription
    Condition: ByEmail
    Properties: {Protocol: email, Endpoint: !Ref AlarmEmail, Size: !Ref Size}
"""


class Stacks(unittest.TestCase):
    def setUp(self):
        self.stacks = stack.stacks(template.parse(TEMPLATE))

    def test_the_first_stack_is_that_of_the_defaults(self):
        self.assertEqual(self.stacks[0].chosen, {"AlarmEmail": "", "Stage": "prod"})

    def test_each_outcome_of_the_conditions_has_a_stack(self):
        chosen = [(made.chosen["Stage"], made.chosen["AlarmEmail"]) for made in self.stacks]
        self.assertEqual(chosen, [("prod", ""), ("dev", ""), ("prod", "something-else"), ("dev", "something-else")])

    def test_a_stack_has_plain_values(self):
        prod, dev = self.stacks[0].resources["Logs"]["Properties"], self.stacks[1].resources["Logs"]["Properties"]
        self.assertEqual(prod, {"RetentionInDays": 30, "LogGroupName": "kept"})
        self.assertEqual(dev, {"RetentionInDays": 1})

    def test_a_stack_has_the_resources_whose_condition_holds(self):
        self.assertEqual(self.stacks[0].absent, {"Subscription"})
        self.assertEqual(self.stacks[2].resources["Subscription"]["Properties"]["Size"], "7")

    def test_one_of_them_can_be_made_alone(self):
        self.assertEqual(stack.one_of(template.parse(TEMPLATE), self.stacks[3].chosen), self.stacks[3])

    def test_a_few_show_each_resource_as_any_of_them_has_it(self):
        few = stack.covering(self.stacks)
        self.assertEqual([made.chosen["Stage"] for made in few], ["prod", "dev"])
        shown = [item for made in few for item in made.resources.items()]
        self.assertTrue(all(item in shown for made in self.stacks for item in made.resources.items()))


class Mappings(unittest.TestCase):
    def test_a_parameter_that_only_a_mapping_asks_for_makes_stacks_too(self):
        text = TEMPLATE.replace("  IsProd: !Equals [!Ref Stage, prod]\n", "  IsProd: !Equals [a, a]\n")
        made = stack.stacks(template.parse(text))
        kept = {one.chosen["Stage"]: one.resources["Logs"]["Properties"]["RetentionInDays"] for one in made}
        self.assertEqual(kept, {"prod": 30, "dev": 1})


class References(unittest.TestCase):
    def test_they_are_found_in_every_form(self):
        value = template.parse("""
            - !Ref A
            - !GetAtt B.Arn
            - !Sub "${C}/${D.Arn}/${!No}/${Own}"
            - Fn::Sub: ["${Own}${E}", {Own: !Ref F}]
        """)
        self.assertEqual(list(template.references(value)), ["A", "B", "C", "D", "Own", "E", "F"])

    def test_a_value_is_named_by_its_resource(self):
        for text in ("!Ref Bans", "!GetAtt Bans.Arn", '!Sub "${Bans.Arn}/index/by_user"', '!Sub "arn:${AWS::Partition}:x:${Bans}"'):
            self.assertEqual(template.named(template.parse(text)), "Bans")
        self.assertIsNone(template.named("arn:aws:iam::aws:policy/x"))


if __name__ == "__main__":
    unittest.main()
