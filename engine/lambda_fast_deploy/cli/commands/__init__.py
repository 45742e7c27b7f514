"""The list of commands; each is a module of this package, by its name."""

# A module of a command has two functions:
#   declare(commands, summary)   adds its arguments, options and examples
#   run(context)                 runs it and returns the exit code; imports what only it needs
GROUPS = {
    "deploy": {
        "deploy": "build and deploy what changed",
        "plan": "show what a deploy would change, and why",
        "build": "build and push the base images that changed, without a deploy",
        "rollback": "roll back to the previous version after testing it",
    },
    "inspect and clean up": {
        "status": "show the live versions and what a deploy would change",
        "sizes": "show the size of layers and code, and the largest packages",
        "delete": "delete functions with their versions, aliases and alarms",
        "layers": "list, roll back, detach and prune dependency layers",
    },
    "set up": {
        "doctor": "check that this machine and its credentials can deploy",
        "policy": "print the least-privilege IAM policy for a deploy",
        "schema": "print the JSON schema of lambda-deploy.yml or report.json",
        "completion": "print a completion script for a shell",
    },
}
COMMANDS = {name: summary for group in GROUPS.values() for name, summary in group.items()}
