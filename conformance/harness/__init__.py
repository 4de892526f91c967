"""What the tests are made of: the server under test, phones, ears, and plain sockets."""
