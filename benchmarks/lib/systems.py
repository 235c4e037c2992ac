"""The systems by the names that lib/scenarios.py gives them."""
from lib.decree import Decree
from lib.etcd import Etcd
from lib.redis import Redis


def make(program):
    """All of them; `program` is the decree to be measured."""
    return {"decree": Decree(program), "etcd": Etcd(), "redis": Redis()}
