"""Small semantic mutations of the package, and a script that says which the tests notice."""
