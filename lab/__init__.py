"""An AWS on one machine, from real parts: ``python -m lab -- CMD`` runs CMD against it."""
