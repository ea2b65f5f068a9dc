"""anonymization"""
