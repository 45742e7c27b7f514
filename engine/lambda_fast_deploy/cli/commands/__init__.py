"""The commands: a file each, which is named here and declares the rest itself."""

# A command is a module of this package, by its name, with
#   declare(commands, summary)   its words, options and examples
#   run(context)                 what it does; imports what only it needs, and returns the exit code
GROUPS = {
    "deploy": {
        "deploy": "build and deploy what changed",
        "plan": "say what a deploy would do, and why; change nothing",
        "build": "build and push what changed, and deploy nothing",
        "rollback": "lead users back to the version that they had before, tested",
    },
    "look and tidy": {
        "status": "tell what users have, and whether the working tree differs",
        "sizes": "tell how large layers and code would be, and what weighs most",
        "layers": "list dependency layers and their users, go back, take off, prune",
    },
    "set up": {
        "doctor": "find out whether this machine and its credentials can deploy",
        "policy": "print the least IAM policy that a deploy needs",
        "schema": "print the JSON schema of lambda-deploy.yml, or of report.json",
        "completion": "print a script that completes commands and options in a shell",
    },
}
COMMANDS = {name: summary for group in GROUPS.values() for name, summary in group.items()}
