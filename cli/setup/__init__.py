"""`parley setup`: is this machine fit, are the models here and whole, does each service start?"""
