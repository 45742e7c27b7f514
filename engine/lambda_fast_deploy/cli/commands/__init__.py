"""The commands: a file each, which is named here and declares the rest itself."""

# A command is a module of this package, by its name, with
#   declare(commands)   its summary, words and options
#   run(context)        what it does; imports what only it needs, and returns the exit code
GROUPS = {
    "deploy": ("deploy", "plan", "build", "rollback"),
    "look and tidy": ("status", "sizes", "layers"),
    "set up": ("doctor", "policy", "schema", "completion"),
}
COMMANDS = tuple(name for names in GROUPS.values() for name in names)
