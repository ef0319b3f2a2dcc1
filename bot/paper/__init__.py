"""What is printed and put up where people pass by."""
