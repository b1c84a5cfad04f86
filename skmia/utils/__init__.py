"""What the other layers need of scikit-learn, and the checks for attacks."""
