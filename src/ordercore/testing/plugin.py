"""The pytest plugin of ordercore: pytest loads it wherever ordercore is installed, so it imports nothing heavy."""
