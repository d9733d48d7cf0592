"""Laws: formulas of the error in the knobs, fitted with their uncertainty."""
