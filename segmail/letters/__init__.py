"""Newsletter templates as people work on them: listed, looked into, checked, and rendered."""
