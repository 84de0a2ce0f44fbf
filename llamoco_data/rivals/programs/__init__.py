"""What a user would pick: programs that call a library with its defaults. They are rivals, and never taught."""
