import unittest

from bansync_local import policies, stack

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Runtime: provided.al2023, Handler: bootstrap}}}}
Resources:
  Bans: {{Type: AWS::DynamoDB::Table}}
  Users: {{Type: AWS::DynamoDB::Table}}
  Dlq: {{Type: AWS::SQS::Queue}}
  Webhook:
    Type: AWS::Serverless::Function
    Properties:
      EventInvokeConfig: {{DestinationConfig: {{OnFailure: {{Type: SQS, Destination: !GetAtt Dlq.Arn}}}}}}
      Environment:
        Variables:
          BANS_TABLE: !Ref Bans
          TOKEN_PARAMETER: !Sub "/${{AWS::StackName}}/bot-token"
          LIMIT: "5"
      Policies:
        - Statement:
            - {{Action: {action}, Resource: !GetAtt {table}.Arn}}
            - {{Action: dynamodb:Query, Resource: !Sub "${{Bans.Arn}}/index/by_user"}}
            - {{Action: sqs:SendMessage, Resource: !GetAtt Dlq.Arn}}
            - Action: ssm:GetParameters
              Resource: !Sub "arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/${{AWS::StackName}}/bot-token"
"""


def wrong(action: str = "dynamodb:PutItem", table: str = "Bans") -> list[str]:
    return of_template(TEMPLATE.format(action=action, table=table))


def of_template(text: str) -> list[str]:
    return policies.of_stacks(stack.of_text(text))["Webhook"]


class OfTheTemplate(unittest.TestCase):
    def test_what_is_allowed_is_what_the_environment_names(self):
        self.assertEqual(wrong(), [])

    def test_a_table_that_the_function_is_not_given_is_refused(self):
        self.assertEqual(wrong(table="Users"), ["Users is allowed and not in the environment"])

    def test_a_wildcard_is_refused(self):
        self.assertEqual(wrong(action="dynamodb:*"), ["dynamodb:* allows more than one action"])

    def test_a_setting_that_nothing_allows_is_found(self):
        text = TEMPLATE.format(action="dynamodb:PutItem", table="Bans").replace('LIMIT: "5"', "USERS_TABLE: !Ref Users")
        self.assertEqual(of_template(text), ["Users is in the environment and not allowed"])

    def test_a_variable_may_name_several_resources(self):
        text = TEMPLATE.format(action="dynamodb:PutItem", table="Bans").replace('LIMIT: "5"', 'ALL: !Sub "bans=${Bans} users=${Users}"')
        self.assertEqual(of_template(text), ["Users is in the environment and not allowed"])

    def test_a_managed_policy_that_is_attached_counts(self):
        text = TEMPLATE.format(action="dynamodb:PutItem", table="Bans").replace("Policies:", "Policies:\n        - !Ref Shared")
        shared = "  Shared: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: [{Effect: Allow, "
        shared += "Action: dynamodb:GetItem, Resource: !GetAtt Users.Arn}]}}}\n"
        self.assertEqual(of_template(text + shared), ["Users is allowed and not in the environment"])


class OfTheDeployment(unittest.TestCase):
    def test_a_permission_that_was_not_used_is_found(self):
        allowed = [
            {"owner": "webhook", "functions": ["webhook"], "action": "dynamodb:PutItem", "resource": "arn:table/bans"},
            {"owner": "webhook", "functions": ["webhook"], "action": "dynamodb:Query", "resource": "arn:table/bans/index/by_user"},
            {"owner": "relay", "functions": ["relay"], "action": "s3:PutObject", "resource": "arn:bucket/bans/*"},
        ]
        used = [
            {"function": "webhook", "action": "dynamodb:PutItem", "resource": "arn:table/bans"},
            {"function": "relay", "action": "s3:PutObject", "resource": "arn:bucket/bans/2026/x"},
        ]
        found = policies.unused(allowed, used)
        self.assertEqual(found["relay"], [])
        self.assertEqual(found["webhook"], ["dynamodb:Query on arn:table/bans/index/by_user was never used"])

    def test_what_is_seldom_used_need_not_have_been(self):
        seldom = {"owner": "webhook", "functions": ["webhook"], "action": "dynamodb:UpdateItem", "resource": "arn:table/stack-GatewayTable-1"}
        self.assertEqual(policies.unused([seldom], [])["webhook"], [])

    def test_a_shared_policy_s_permission_is_used_by_whoever_has_it(self):
        shared = {"owner": "shared", "functions": ["webhook", "relay"], "action": "ssm:GetParameters", "resource": "arn:token"}
        use = {"function": "relay", "action": "ssm:GetParameters", "resource": "arn:token"}
        self.assertEqual(policies.unused([shared], [use])["shared"], [])
        self.assertEqual(len(policies.unused([shared], [{**use, "function": "other"}])["shared"]), 1)
