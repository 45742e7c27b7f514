"""Every IAM action that the commands need, with its resources and its reason.

This list is the source of the printed policy, the checks of doctor and the documentation. Source of
the actions: Service Authorization Reference, "AWS Lambda", "Amazon ECR", "Amazon S3", "Amazon
CloudWatch".
"""

from __future__ import annotations

from lambda_fast_deploy.iam import attribute_permissions, stack_permissions
from lambda_fast_deploy.iam.feature import NEVER, TO_CREATE, TO_UPDATE, Feature, Permission

# ------------------------------------------------------------ functions

DEPLOY_FUNCTIONS = Feature(
    "DeployFunctions",
    "functions",
    Permission("lambda:GetFunction", "reads code, configuration and state", NEVER),
    Permission("lambda:ListTags", "reads tags", NEVER),
    Permission("lambda:UpdateFunctionCode", "changes the code"),
    Permission("lambda:UpdateFunctionConfiguration", "changes the configuration"),
)
RELEASE_VERSIONS = Feature(
    "ReleaseVersions",
    "functions with an alias",
    Permission("lambda:GetAlias", "reads which version is live", NEVER),
    Permission("lambda:ListAliases", "keeps versions that an alias uses", NEVER),
    Permission("lambda:ListVersionsByFunction", "reads earlier versions", NEVER),
    Permission("lambda:PublishVersion", "publishes a version"),
    Permission("lambda:CreateAlias", "makes the first version live", TO_CREATE),
    Permission("lambda:UpdateAlias", "makes the next version live", TO_UPDATE),
    Permission("lambda:DeleteAlias", "deletes a new alias if its first tests fail", NEVER),
)
LOCK_FUNCTIONS = Feature(
    "LockFunctions",
    "functions without an alias",
    Permission("lambda:GetAlias", "reads the lock of another run", NEVER),
    Permission("lambda:ListAliases", "keeps a function that an alias uses", NEVER),
    Permission("lambda:CreateAlias", "locks the function against a concurrent run", NEVER),
    Permission("lambda:UpdateAlias", "takes over the lock of a killed run", NEVER),
    Permission("lambda:DeleteAlias", "unlocks", NEVER),
)
DELETE_VERSIONS = Feature(
    "DeleteVersions",
    "functions",
    Permission("lambda:DeleteFunction", "deletes versions that fail, and those beyond keep"),
)
CREATE_FUNCTIONS = Feature(
    "CreateFunctions",
    "functions with a role",
    Permission("lambda:CreateFunction", "creates a function", TO_CREATE),
)
PASS_ROLES = Feature(
    "PassRoles",
    "the functions' roles",
    Permission("iam:PassRole", "passes a function its role"),
)
TEST_FUNCTIONS = Feature(
    "TestFunctions",
    "functions that tests call, or that have an alias",
    Permission("lambda:InvokeFunction", "tests, and activates the version of a rollback"),
)
GIVE_FUNCTION_URLS = Feature(
    "GiveFunctionUrls",
    "functions with a URL",
    Permission("lambda:GetFunctionUrlConfig", "reads the URL", NEVER),
    Permission("lambda:CreateFunctionUrlConfig", "creates the URL", TO_CREATE),
    Permission("lambda:UpdateFunctionUrlConfig", "changes who may call it", TO_UPDATE),
    Permission("lambda:DeleteFunctionUrlConfig", "rolls its creation back", NEVER),
)
OPEN_FUNCTION_URLS = Feature(
    GIVE_FUNCTION_URLS.sid,
    GIVE_FUNCTION_URLS.resource,
    Permission("lambda:GetPolicy", "reads who may call the URL", NEVER),
    Permission("lambda:AddPermission", "makes a URL public"),
    Permission("lambda:RemovePermission", "makes it private again", NEVER),
)
CALL_FUNCTION_URLS = Feature(
    "CallFunctionUrls",  # calls need InvokeFunction as well
    "functions with a URL of auth iam that tests call",
    Permission("lambda:InvokeFunctionUrl", "tests the URL"),
)
TAG_FUNCTIONS = Feature(
    "TagFunctions",
    "functions with tags or marks",
    Permission("lambda:TagResource", "sets tags, and marks of the run that created or tested it"),
    Permission("lambda:UntagResource", "removes tags and marks", NEVER),
)

# ------------------------------------------------------------ layers

PUBLISH_LAYERS = Feature(
    "PublishLayers",
    "layers",
    Permission("lambda:ListLayerVersions", "finds published versions", NEVER),
    Permission("lambda:PublishLayerVersion", "publishes a version"),
)
USE_LAYERS = Feature(
    "UseLayers",
    "versions of layers",
    Permission("lambda:GetLayerVersion", "attaches layers to a function"),
    Permission("lambda:DeleteLayerVersion", "deletes unused versions", NEVER),
)
SHARE_LAYERS = Feature(
    "ShareLayers",
    "versions of layers with share",
    Permission("lambda:GetLayerVersionPolicy", "reads who may use a version", NEVER),
    Permission("lambda:AddLayerVersionPermission", "shares a version"),
    Permission("lambda:RemoveLayerVersionPermission", "ends that", NEVER),
)
ATTACH_LAYERS = Feature(
    "AttachLayers",
    "layers made elsewhere",
    Permission("lambda:GetLayerVersion", "attaches them, or keeps them attached"),
)
FIND_NEWEST_LAYERS = Feature(
    "FindNewestLayers",
    "layers named by an ARN without a version",
    Permission("lambda:ListLayerVersions", "finds the newest version", NEVER),
)
FIND_USERS = Feature(
    "FindUsers",
    "all functions",
    Permission("lambda:ListFunctions", "finds the users of a layer version or an image", NEVER),
)
FIND_FORMER_FUNCTIONS = Feature(
    "FindFormerFunctions",
    "all resources with tags",
    Permission("tag:GetResources", "finds functions that a configuration no longer has", NEVER),
)
READ_ENVIRONMENTS = Feature(
    "ReadEnvironments",
    "KMS keys of functions",
    Permission("kms:Decrypt", "keeps existing environment variables", NEVER),
)

# ------------------------------------------------------------ images

LOG_IN_TO_REGISTRY = Feature(
    "LogInToRegistry",
    "all registries",
    Permission("ecr:GetAuthorizationToken", "logs in", NEVER),
)
CREATE_REPOSITORIES = Feature(
    "CreateRepositories",
    "repositories",
    Permission("ecr:DescribeRepositories", "finds a repository", NEVER),
    Permission("ecr:CreateRepository", "creates it", TO_CREATE),
    Permission(
        "ecr:TagResource", "tags it, also with the compression that Lambda accepts", TO_CREATE
    ),
    Permission("ecr:PutLifecyclePolicy", "lets untagged images expire", TO_CREATE),
    Permission("ecr:DescribeImages", "finds images by their content"),
)
PUSH_IMAGES = Feature(
    "PushImages",
    "repositories",
    Permission("ecr:BatchCheckLayerAvailability", "pushes only what is missing"),
    Permission("ecr:InitiateLayerUpload", "pushes"),
    Permission("ecr:UploadLayerPart", "pushes"),
    Permission("ecr:CompleteLayerUpload", "pushes"),
    Permission("ecr:PutImage", "pushes and tags"),
    Permission("ecr:BatchGetImage", "reads manifests, and pulls"),
    Permission("ecr:GetDownloadUrlForLayer", "pulls, and reads configurations and layers"),
)
DEPLOY_IMAGES = Feature(
    "DeployImages",
    "repositories of app images",
    Permission("ecr:GetRepositoryPolicy", "Lambda grants itself read access as the caller"),
    Permission("ecr:SetRepositoryPolicy", "Lambda grants itself read access as the caller"),
    Permission("ecr:GetLifecyclePolicy", "warns of rules that expire images in use"),
    Permission("ecr:ListTagsForResource", "reads the compression that Lambda accepts"),
)
DELETE_IMAGES = Feature(
    "DeleteImages",
    "repositories",
    Permission("ecr:BatchDeleteImage", "deletes images beyond keep, and frees immutable tags"),
)
PULL_UPSTREAMS = Feature(
    "PullUpstreams",
    "repositories of images in Dockerfiles and in uri",
    Permission("ecr:BatchGetImage", "pulls", NEVER),
    Permission("ecr:GetDownloadUrlForLayer", "pulls", NEVER),
    Permission("ecr:BatchCheckLayerAvailability", "pulls", NEVER),
)

# ------------------------------------------------------------ buckets

FIND_BUCKETS = Feature(
    "FindBuckets",
    "buckets",
    Permission("s3:ListBucket", "distinguishes missing objects from denied ones", NEVER),
)
UPLOAD_ZIPS = Feature(
    "UploadZips",
    "objects of the bucket for zips",
    Permission("s3:GetObject", "finds existing zips; Lambda reads them"),
    Permission("s3:PutObject", "uploads"),
    Permission("s3:AbortMultipartUpload", "cleans up after a failed upload", NEVER),
)
CREATE_BUCKETS = Feature(
    "CreateBuckets",
    "the bucket for zips",
    Permission("s3:CreateBucket", "creates it"),
    Permission("s3:PutBucketPublicAccessBlock", "makes it private", NEVER),
    Permission("s3:PutEncryptionConfiguration", "encrypts it", NEVER),
    Permission("s3:PutLifecycleConfiguration", "removes unfinished uploads", NEVER),
)
TEST_BUCKETS = Feature(
    "TestBuckets",
    "objects of S3 tests",
    Permission("s3:GetObject", "reads the object of the function"),
    Permission("s3:DeleteObject", "removes it"),
)

# ------------------------------------------------------------ canaries, networks, APIs

WATCH_CANARIES = Feature(
    "WatchCanaries",
    "all metrics",
    Permission("cloudwatch:GetMetricData", "counts invocations and errors of a canary"),
)
WATCH_ALARMS = Feature(
    WATCH_CANARIES.sid,
    "all alarms",
    Permission("cloudwatch:DescribeAlarms", "ends a canary whose alarm goes off", NEVER),
)
FIND_NETWORKS = Feature(
    "FindNetworks",  # Lambda developer guide, "Giving functions access to a VPC"
    "all networks",
    Permission("ec2:DescribeSecurityGroups", "attaches a function to its VPC", NEVER),
    Permission("ec2:DescribeSubnets", "attaches a function to its VPC", NEVER),
    Permission("ec2:DescribeVpcs", "attaches a function to its VPC", NEVER),
)
CALL_APIS = Feature(
    "CallApis",
    "API Gateway APIs that tests call with a signature",
    Permission("execute-api:Invoke", "tests the API", NEVER),
)

FEATURES: tuple[Feature, ...] = (
    *(value for value in list(globals().values()) if isinstance(value, Feature)),
    *attribute_permissions.FEATURES,
    *stack_permissions.FEATURES,
)
LISTED = frozenset(action for feature in FEATURES for action in feature.actions)

# API calls whose action has a different name
ACTIONS_OF_CALLS = {"s3:HeadBucket": "s3:ListBucket", "s3:HeadObject": "s3:GetObject"}
