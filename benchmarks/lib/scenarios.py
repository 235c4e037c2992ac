"""What is compared: a plain table. A row more is a line more, in the run, the tables and the plots."""
from dataclasses import dataclass

CLIENTS = (1, 16, 128, 512, 1000)
VALUE_BYTES = 256
SHARED_CONNECTIONS = 8

# The key of `Scenario.connections` for a connection of its own for every client.
EACH = None


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    # Which of lib/systems.py runs it.
    system: str
    # How many connections the clients share; EACH for one each.
    connections: int | None
    # The widest that the system's load generator goes.
    most_clients: int = 1_000_000
    # Further arguments of the load generator.
    arguments: tuple = ()

    def connections_of(self, clients):
        return clients if self.connections is EACH else min(self.connections, clients)


# In the order of their turns, which each round begins one further on. The first of a shape is what the others
# of that shape are compared with.
SCENARIOS = (
    Scenario("decree", "Decree, 3 nodes", "decree", SHARED_CONNECTIONS),
    Scenario("etcd", "etcd, 3 nodes", "etcd", SHARED_CONNECTIONS),
    Scenario("redis-pipelined", "Redis, ONE node, pipelined", "redis", SHARED_CONNECTIONS),
    # `decree bench` opens its connections to every node, and so not more than 1,024.
    Scenario("decree-each", "Decree, 3 nodes", "decree", EACH, most_clients=1024),
    Scenario("etcd-each", "etcd, 3 nodes", "etcd", EACH),
    Scenario("redis", "Redis, ONE node", "redis", EACH),
)


def clients_of(scenario, clients):
    """The numbers of clients that a scenario is run with, of those that were asked for."""
    return [count for count in clients if count <= scenario.most_clients]


def rotated(scenarios, round_number):
    """The order of turns in a round: none is always the first on a fresh disk, or the last on a warm machine."""
    start = round_number % max(1, len(scenarios))
    return list(scenarios[start:]) + list(scenarios[:start])
