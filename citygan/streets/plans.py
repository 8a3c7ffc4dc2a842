"""What stands where: the layouts of the eight drawn streets, and of a random one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """What stands where. Pairs are (left, right); lengths are in metres; distances are from the camera."""

    road_m: float = 9.0  # from kerb to kerb
    sidewalk_m: tuple[float, float] = (2.6, 2.6)
    behind: tuple[str, str] = ("houses", "houses")  # the sidewalk: houses, gardens, park or meadow
    floors: tuple[int, int] = (2, 4)  # fewest and most
    horizon: float = 0.58  # share of the height that is above it
    camera_x_m: float = -1.8  # from the middle of the road; they drive on the left here
    bend: float = 0.0  # the road leaves its straight line by bend * distance^2
    yaw: float = 0.0  # where the road vanishes, as a share of the width right of the middle
    trees_every_m: tuple[float, float] = (0.0, 0.0)  # along the kerb; 0 for none
    tree_height_m: tuple[float, float] = (6.0, 9.0)  # smallest and largest
    crown: float = 0.36  # a crown's radius as a share of the tree's height
    parked: tuple[float, float] = (0.0, 0.0)  # share of the kerb that is taken
    cars: tuple[float, ...] = ()  # distances of cars in our lane; negative: in the other one
    buses: tuple[float, ...] = ()  # the same for buses
    people: tuple[int, int] = (0, 0)
    riders: tuple[float, ...] = ()  # distances
    lamps_every_m: float = 0.0  # 0 for none
    signs: int = 0  # on each side
    bollards: tuple[bool, bool] = (False, False)
    rails: tuple[bool, bool] = (False, False)  # guard rails beside the road
    crossing_m: float = 0.0  # distance of a crossing street; 0 for none
    gantry_m: float = 0.0  # distance of a sign bridge; 0 for none
    end_m: float = 0.0  # distance at which houses close the view; 0 for an open road


STREETS: dict[str, tuple[Layout, int]] = {  # each with the seed it looks best with
    "avenue": (
        Layout(
            road_m=13.0,
            sidewalk_m=(3.6, 3.6),
            floors=(3, 4),
            horizon=0.56,
            camera_x_m=-2.4,
            trees_every_m=(13.0, 13.0),
            tree_height_m=(5.0, 7.5),
            crown=0.3,
            parked=(0.25, 0.6),
            cars=(17.0, 42.0, -26.0, -60.0),
            people=(4, 5),
            lamps_every_m=28.0,
            signs=2,
        ),
        11,
    ),
    "junction": (
        Layout(
            road_m=10.0,
            floors=(2, 3),
            horizon=0.56,
            cars=(12.0, 58.0, -33.0),
            people=(4, 4),
            riders=(9.5,),
            lamps_every_m=36.0,
            signs=3,
            crossing_m=24.0,
            end_m=150.0,
        ),
        5,
    ),
    "tree-lined road": (
        Layout(
            road_m=8.0,
            behind=("gardens", "park"),
            floors=(2, 2),
            bend=0.0007,
            trees_every_m=(15.0, 11.0),
            tree_height_m=(6.0, 8.0),
            crown=0.34,
            parked=(0.0, 0.35),
            cars=(24.0,),
            people=(2, 1),
            riders=(13.0,),
            lamps_every_m=40.0,
            signs=1,
        ),
        5,
    ),
    "shops": (
        Layout(
            road_m=7.0,
            sidewalk_m=(3.4, 3.0),
            horizon=0.57,
            camera_x_m=-1.2,
            bend=-0.0008,
            parked=(0.0, 0.3),
            cars=(-22.0,),
            people=(9, 8),
            riders=(8.0, 19.0),
            lamps_every_m=22.0,
            signs=4,
            bollards=(True, False),
        ),
        21,
    ),
    "motorway": (
        Layout(
            road_m=17.0,
            sidewalk_m=(0.0, 0.0),
            behind=("park", "meadow"),
            horizon=0.54,
            camera_x_m=-2.8,
            bend=0.0003,
            cars=(14.0, 34.0, 70.0, -21.0, -45.0, -90.0),
            buses=(30.0,),
            lamps_every_m=45.0,
            rails=(True, True),
            gantry_m=38.0,
        ),
        4,
    ),
    "square": (
        Layout(
            road_m=7.0,
            sidewalk_m=(11.0, 7.0),
            floors=(3, 5),
            horizon=0.55,
            camera_x_m=-0.6,
            trees_every_m=(0.0, 17.0),
            cars=(31.0,),
            people=(11, 7),
            riders=(15.0,),
            lamps_every_m=24.0,
            signs=2,
            bollards=(True, True),
            end_m=62.0,
        ),
        30,
    ),
    "tunnel of trees": (
        Layout(
            road_m=7.4,
            sidewalk_m=(2.0, 2.0),
            behind=("park", "park"),
            horizon=0.56,
            camera_x_m=-1.0,
            bend=-0.0004,
            trees_every_m=(9.0, 11.0),
            tree_height_m=(5.5, 7.0),
            cars=(-38.0,),
            people=(1, 0),
            signs=1,
        ),
        3,
    ),
    "empty": (
        Layout(sidewalk_m=(2.4, 2.4), behind=("meadow", "meadow"), horizon=0.56, camera_x_m=-0.8),
        1,
    ),
}

_PLACES = {  # what can stand behind the sidewalks of each
    "town": ("houses", "houses", "houses", "houses", "park"),
    "suburb": ("gardens", "gardens", "park", "houses"),
    "country": ("park", "meadow"),
}


def random_layout(seed: int) -> Layout:
    """A plausible layout: a town, a suburb or the country, with the traffic that belongs there."""
    rng = np.random.default_rng((seed, 0))  # draws other numbers than the drawing of the same seed
    place = rng.choice(list(_PLACES), p=[0.55, 0.35, 0.1])
    most_floors = int(rng.integers(2, 7)) if place == "town" else 2
    walks = rng.uniform(1.6, 4.0, 2) * (rng.integers(0, 2, 2) if place == "country" else 1)
    return Layout(
        road_m=rng.uniform(6.5, 12.0),
        sidewalk_m=tuple(walks),
        behind=tuple(rng.choice(_PLACES[place], 2)),
        floors=(max(2, most_floors - 2), most_floors),
        horizon=rng.uniform(0.53, 0.62),
        camera_x_m=rng.uniform(-2.6, -0.6),
        bend=rng.choice([0.0, rng.uniform(-0.0012, 0.0012)]),
        yaw=rng.uniform(-0.06, 0.06),
        trees_every_m=tuple(rng.choice([0.0, 9.0, 14.0, 22.0], 2, p=[0.45, 0.15, 0.2, 0.2])),
        tree_height_m=(rng.uniform(4.5, 7.0), rng.uniform(7.5, 11.0)),
        crown=rng.uniform(0.28, 0.4),
        parked=tuple(rng.choice([0.0, 0.25, 0.7], 2, p=[0.5, 0.25, 0.25])),
        cars=tuple(rng.uniform(10.0, 70.0, rng.integers(0, 5)) * rng.choice([1, -1])),
        buses=tuple(rng.uniform(26.0, 45.0, rng.integers(0, 5) // 4)),
        people=tuple(rng.integers(0, 8 if place == "town" else 3, 2)),
        riders=tuple(rng.uniform(7.0, 25.0, rng.integers(0, 3))),
        lamps_every_m=rng.uniform(18.0, 40.0),
        signs=int(rng.integers(0, 4)),
        bollards=tuple(rng.random(2) < 0.15),
        crossing_m=rng.choice([0.0, rng.uniform(16.0, 40.0)], p=[0.65, 0.35]),
        end_m=rng.choice([0.0, rng.uniform(50.0, 120.0)]),
    )
