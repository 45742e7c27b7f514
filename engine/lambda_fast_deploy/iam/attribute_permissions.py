"""IAM actions of attributes that involve other services; ``permissions`` lists them with the rest.

Source of the actions: Service Authorization Reference, "AWS KMS", "Amazon Elastic File System",
"Amazon CloudWatch", "Amazon CloudWatch Logs".
"""

from __future__ import annotations

from lambda_fast_deploy.iam.feature import NEVER, Feature, Permission

USE_KEYS = Feature(
    "UseKeys",  # Lambda developer guide, "Securing environment variables", "Encrypting .zip …"
    "KMS keys of functions and zips",
    Permission("kms:CreateGrant", "lets Lambda use the key of the environment"),
    Permission("kms:Encrypt", "encrypts environment variables"),
    Permission("kms:Decrypt", "reads variables and zips"),
    Permission("kms:GenerateDataKey", "encrypts zips"),
)
MOUNT_FILE_SYSTEMS = Feature(
    "MountFileSystems",  # Lambda developer guide, "Configuring file system access"
    "all file systems",
    Permission(
        "elasticfilesystem:DescribeMountTargets", "mounts a file system in a function", NEVER
    ),
)
FIND_ALARMS = Feature(
    "FindAlarms",
    "all alarms",
    Permission("cloudwatch:DescribeAlarms", "reads the alarms of a function", NEVER),
)
SET_ALARMS = Feature(
    "SetAlarms",
    "alarms of functions",
    Permission("cloudwatch:PutMetricAlarm", "sets alarms"),
    Permission("cloudwatch:DeleteAlarms", "deletes alarms without a threshold", NEVER),
)
FIND_LOG_GROUPS = Feature(
    "FindLogGroups",
    "all log groups",
    Permission("logs:DescribeLogGroups", "reads how long logs are kept", NEVER),
)
KEEP_LOGS = Feature(
    "KeepLogs",
    "log groups of functions",
    Permission("logs:CreateLogGroup", "creates the log group before the function logs"),
    Permission("logs:PutRetentionPolicy", "sets how long logs are kept"),
    Permission("logs:DeleteRetentionPolicy", "keeps logs for ever again", NEVER),
)

FEATURES = (USE_KEYS, MOUNT_FILE_SYSTEMS, FIND_ALARMS, SET_ALARMS, FIND_LOG_GROUPS, KEEP_LOGS)
