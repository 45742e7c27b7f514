#!/bin/sh
# As in AWS's image: under the emulator of the runtime interface unless Lambda itself is there.
# https://docs.aws.amazon.com/lambda/latest/dg/images-test.html
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then
  exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
fi
exec /var/runtime/bootstrap
