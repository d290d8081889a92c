"""`make bench`: how long the large things take here. It measures and judges nothing; no test asks for its figures."""
