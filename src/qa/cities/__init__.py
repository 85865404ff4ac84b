"""The catalogue of cities: their names in every script, and finding them in a question."""

from qa.cities.catalogue import City, CityCatalogue
from qa.cities.own_subjects import Subject
from qa.cities.parsing import load_cities, parse_cities, parse_subjects, read_table
from qa.config import CITIES_FILE

__all__ = [
    "CITIES_FILE",
    "City",
    "CityCatalogue",
    "Subject",
    "load_cities",
    "parse_cities",
    "parse_subjects",
    "read_table",
]
