"""A small template and its samconfig.toml that keep all rules of `bansync_local.checks`, to be broken by tests one at a time."""

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Stage: {Type: String, Default: prod, AllowedValues: [dev, prod]}
  FrontDoor: {Type: String, Default: http-api, AllowedValues: [http-api, function-url]}
  SyncConcurrency: {Type: Number, Default: 3}
  AwsEndpointUrl: {Type: String, Default: ""}
Conditions:
  HasEndpoint: !Not [!Equals [!Ref AwsEndpointUrl, ""]]
  IsProd: !Equals [!Ref Stage, prod]
  ByHttpApi: !Equals [!Ref FrontDoor, http-api]
  ByFunctionUrl: !Not [!Condition ByHttpApi]
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 10
    Environment: {Variables: {AWS_ENDPOINT_URL: !If [HasEndpoint, !Ref AwsEndpointUrl, !Ref AWS::NoValue]}}
    LoggingConfig: {LogFormat: JSON, LogGroup: !Ref Logs}
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 30}
  BansTable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: !If [IsProd, RetainExceptOnCreate, Delete]
    UpdateReplacePolicy: !If [IsProd, Retain, Delete]
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: event_id, AttributeType: S}
        - {AttributeName: user_id, AttributeType: N}
      KeySchema: [{AttributeName: event_id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: by_user
          KeySchema: [{AttributeName: user_id, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      DeletionProtectionEnabled: !If [IsProd, true, false]
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: !If [IsProd, true, false]}
  GatewayTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  ArchiveBucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: !If [IsProd, RetainExceptOnCreate, Delete]
    UpdateReplacePolicy: !If [IsProd, Retain, Delete]
    Properties:
      LifecycleConfiguration:
        Rules:
          - Id: cheaper
            Status: Enabled
            ObjectSizeGreaterThan: "131072"
            Transitions: [{StorageClass: GLACIER_IR, TransitionInDays: 30}]
  SyncQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dlq.Arn, maxReceiveCount: 5}
  Dlq:
    Type: AWS::SQS::Queue
  Alarms:
    Type: AWS::SNS::Topic
  MaySend:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt SyncQueue.Arn}]
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        openapi: "3.0.1"
        info: {title: bansync, version: "1"}
        paths:
          /health:
            get:
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                payloadFormatVersion: "2.0"
                uri: !Sub "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${BansFunction.Arn}/invocations"
        components:
          securitySchemes:
            callers:
              type: apiKey
              name: Authorization
              in: header
              x-amazon-apigateway-authorizer:
                type: request
                authorizerPayloadFormatVersion: "2.0"
                authorizerUri: !Sub "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${WebhookFunction.Arn}/invocations"
  HealthPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref BansFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/GET/health"
  AuthorizerPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref WebhookFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/authorizers/*"
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [bansync.bans]}
      Targets: [{Id: bans, Arn: !GetAtt BansFunction.Arn}]
  RulePermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref BansFunction
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Rule.Arn
  WebhookUrl:
    Type: AWS::Lambda::Url
    Condition: ByFunctionUrl
    Properties: {TargetFunctionArn: !GetAtt WebhookFunction.Arn, AuthType: NONE}
  WebhookUrlPermission:
    Type: AWS::Lambda::Permission
    Condition: ByFunctionUrl
    Properties:
      Action: lambda:InvokeFunctionUrl
      FunctionName: !Ref WebhookFunction
      FunctionUrlAuthType: NONE
      Principal: "*"
  WebhookUrlInvokePermission:
    Type: AWS::Lambda::Permission
    Condition: ByFunctionUrl
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref WebhookFunction
      InvokedViaFunctionUrl: true
      Principal: "*"
  WebhookFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/webhook/
      Events:
        Updates:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Method: ANY, Path: "/telegram/{proxy+}"}
  Fn::ForEach::Concerns:
    - Concern
    - [Users, Bans]
    - ${Concern}Function:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: target/lambda/api/
          Environment: {Variables: {CONCERN: !Ref Concern}}
  WorkerFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/sync-worker/
      RecursiveLoop: Allow
      Policies: [!Ref MaySend]
      Events:
        Chunks:
          Type: SQS
          Properties:
            Queue: !GetAtt SyncQueue.Arn
            ScalingConfig: {MaximumConcurrency: !Ref SyncConcurrency}
        Bans:
          Type: DynamoDB
          Properties: {Stream: !GetAtt BansTable.StreamArn, StartingPosition: TRIM_HORIZON}
Outputs:
  Address: {Value: !If [ByFunctionUrl, !GetAtt WebhookUrl.FunctionUrl, !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"]}
"""

SAMCONFIG = """
version = 0.1

[default.global.parameters]
stack_name = "bansync-dev"

[default.deploy.parameters]
parameter_overrides = "Stage=dev"

[prod.deploy.parameters]
stack_name = "bansync"
parameter_overrides = ["Stage=prod", "LogLevel=INFO"]

[local.deploy.parameters]
parameter_overrides = "Stage=local"
"""
