"""The survey engine: definitions in SurveyJS JSON, their expressions, and the path of an answer.

Pure: no database, no clock, no Django, so that every channel asks the same questions.
"""
