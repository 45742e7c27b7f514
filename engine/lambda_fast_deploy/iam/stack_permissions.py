"""IAM actions for stacks; ``permissions`` lists them with the rest.

Source of the actions: Service Authorization Reference, "AWS CloudFormation", "AWS Lambda".
"""

from __future__ import annotations

from lambda_fast_deploy.iam.feature import NEVER, Feature, Permission

DEPLOY_STACK = Feature(
    "DeployStack",
    "the stack and its change sets",
    Permission("cloudformation:CancelUpdateStack", "cancels an update"),
    Permission("cloudformation:CreateChangeSet", "proposes a change"),
    Permission("cloudformation:DeleteChangeSet", "removes a proposal"),
    Permission("cloudformation:DeleteStack", "deletes a stack whose creation failed"),
    Permission("cloudformation:DescribeChangeSet", "shows what would change"),
    Permission("cloudformation:DescribeEvents", "explains why a template is refused"),
    Permission("cloudformation:DescribeStackEvents", "explains why a change fails"),
    Permission("cloudformation:DescribeStacks", "reads the stack", NEVER),
    Permission("cloudformation:ExecuteChangeSet", "makes the change"),
    Permission("cloudformation:GetTemplate", "reads what is deployed", NEVER),
    Permission("cloudformation:ListStackResources", "finds the functions"),
)
DEPLOY_STACKS_INSIDE = Feature(
    "DeployStacksInside",
    "nested stacks",
    Permission("cloudformation:CreateChangeSet", "proposes a change", NEVER),
    Permission("cloudformation:CreateStack", "creates it", NEVER),
    Permission("cloudformation:DeleteChangeSet", "removes a proposal", NEVER),
    Permission("cloudformation:DeleteStack", "deletes it", NEVER),
    Permission("cloudformation:DescribeChangeSet", "shows what would change", NEVER),
    Permission("cloudformation:DescribeStackEvents", "explains why a change fails", NEVER),
    Permission("cloudformation:DescribeStacks", "reads it", NEVER),
    Permission("cloudformation:ExecuteChangeSet", "makes the change", NEVER),
    Permission("cloudformation:GetTemplate", "reads what is deployed", NEVER),
    Permission("cloudformation:UpdateStack", "updates it", NEVER),
)
EXPAND_TEMPLATES = Feature(
    "ExpandTemplates",
    "macros of the template",
    Permission("cloudformation:CreateChangeSet", "lets them expand the template", NEVER),
)
FIND_BUCKET_OF_SAM = Feature(
    "FindBucketOfSam",
    "the stack of the SAM CLI",
    Permission("cloudformation:DescribeStacks", "finds its bucket", NEVER),
)
PASS_ROLE_TO_CLOUDFORMATION = Feature(
    "PassRoleToCloudFormation",
    "the role of the stack",
    Permission("iam:PassRole", "lets CloudFormation deploy with it"),
)
UPDATE_CODE = Feature(
    "UpdateCode",
    "functions of the stack",
    Permission("lambda:DeleteFunction", "deletes versions of code-only", NEVER),
    Permission("lambda:GetAlias", "reads which version is live", NEVER),
    Permission("lambda:GetFunction", "reads the code", NEVER),
    Permission("lambda:GetFunctionUrlConfig", "finds the address for tests", NEVER),
    Permission("lambda:ListVersionsByFunction", "finds versions of code-only", NEVER),
    Permission("lambda:PublishVersion", "publishes a version", NEVER),
    Permission("lambda:UpdateAlias", "makes it live", NEVER),
    Permission("lambda:UpdateFunctionCode", "changes the code without CloudFormation", NEVER),
)

FEATURES = tuple(value for value in list(globals().values()) if isinstance(value, Feature))
