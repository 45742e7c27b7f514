"""MiniStack with the AWS behaviours it lacks, each taught by replacing one of its functions.

This package runs in the emulator's own environment: ``python -m lab.emulator``. Every module
has one ``teach()``; its docstrings name the AWS behaviour and where AWS documents it.
"""
