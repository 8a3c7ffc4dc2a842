import assert from "node:assert/strict";
import test from "node:test";
import * as shapes from "../../citygan/ui/static/core/shapes.js";
import { asText, covered, drawn, picture, points } from "./maps.js";

test("a round brush of an even diameter is symmetric about the corner of pixels that is nearest", () => {
  const disc = `
    ........
    ..####..
    .######.
    .######.
    .######.
    .######.
    ..####..
    ........`;
  for (const [x, y] of points("4 4, 3.6 4.4")) {
    assert.equal(
      covered(8, 8, (emit) => shapes.stroke(x, y, x, y, 6, emit)),
      picture(disc),
    );
  }
});

test("a round brush of an odd diameter is symmetric about the pixel that it is in", () => {
  const disc = `
    .......
    ..###..
    .#####.
    .#####.
    .#####.
    ..###..
    .......`;
  for (const at of [3.1, 3.9]) {
    assert.equal(
      covered(7, 7, (emit) => shapes.stroke(at, at, at, at, 5, emit)),
      picture(disc),
    );
  }
});

test("a brush of one pixel paints the pixel under it, and a thin stroke has no gaps", () => {
  assert.equal(
    covered(3, 2, (emit) => shapes.stroke(1.9, 0.1, 1.9, 0.1, 1, emit)),
    picture(".#. ..."),
  );
  const rows = covered(9, 5, (emit) => shapes.stroke(0.5, 0.5, 8.5, 4.5, 1, emit)).split("\n");
  for (let x = 0; x < 9; x++)
    assert.ok(
      rows.some((row) => row[x] === "#"),
      `nothing in column ${x}`,
    );
});

for (const diameter of [1, 2, 3, 6, 9, 24]) {
  test(`a stroke of ${diameter} px covers what a disc does that is moved along it, from either end`, () => {
    for (const [fromX, fromY, toX, toY] of [
      [12, 12, 40, 30],
      [30, 8, 30, 40],
      [45, 20, 5, 20],
      [9.3, 40.8, 33.1, 4.2],
    ]) {
      const [ax, ay] = shapes.snapToPixels(fromX, fromY, diameter);
      const [bx, by] = shapes.snapToPixels(toX, toY, diameter);
      const reach = (x, y) => {
        const along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2);
        const t = Math.min(1, Math.max(0, along));
        return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
      };
      const draw = (...ends) => covered(50, 50, (emit) => shapes.stroke(...ends, diameter, emit));
      const painted = draw(fromX, fromY, toX, toY);
      assert.equal(painted, draw(toX, toY, fromX, fromY));
      painted.split("\n").forEach((row, y) => {
        for (let x = 0; x < row.length; x++) {
          const distance = reach(x + 0.5, y + 0.5);
          if (Math.abs(distance - diameter / 2) < 1e-6) continue; // on the edge
          assert.equal(row[x], distance < diameter / 2 ? "#" : ".", `pixel ${x}, ${y}`);
        }
      });
    }
  });
}

test("a rectangle holds both of its corner pixels, whichever comes first", () => {
  const wanted = picture("..... .###. .###. .....");
  assert.equal(
    covered(5, 4, (emit) => shapes.rectangle(1.2, 1.9, 3.1, 2.5, emit)),
    wanted,
  );
  assert.equal(
    covered(5, 4, (emit) => shapes.rectangle(3.1, 2.5, 1.2, 1.9, emit)),
    wanted,
  );
});

test("a polygon on whole numbers covers exactly the pixels between them", () => {
  const corners = points("1 1, 4 1, 4 3, 1 3");
  const wanted = picture("..... .###. .###. .....");
  assert.equal(
    covered(5, 4, (emit) => shapes.polygon(corners, emit)),
    wanted,
  );
  assert.equal(
    covered(5, 4, (emit) => shapes.polygon(corners.reverse(), emit)),
    wanted,
  );
});

test("a polygon may be concave, and where it crosses itself it is even-odd", () => {
  const u = points("0 0, 2 0, 2 3, 4 3, 4 0, 6 0, 6 4, 0 4");
  assert.equal(
    covered(6, 4, (emit) => shapes.polygon(u, emit)),
    picture("##..## ##..## ##..## ######"),
  );
  const twice = points("0 0, 6 0, 6 4, 0 4, 0 0, 2 1, 4 1, 4 3, 2 3, 2 1");
  assert.equal(
    covered(6, 4, (emit) => shapes.polygon(twice, emit)),
    picture("###### ##..## ##..## ######"),
  );
});

test("a polygon without an area paints nothing", () => {
  assert.equal(
    covered(4, 2, (emit) => shapes.polygon(points("0 1, 4 1, 2 1"), emit)),
    picture(".... ...."),
  );
});

const maze = drawn(`
  aaaaaaa
  abbbbba
  ab.a.ba
  abaaaba
  ab.a.ba
  abbabba
  aaaaaaa`);

test("a region is what is connected by edges, not by corners", () => {
  const fill = (x, y) => covered(7, 7, (emit) => shapes.region(maze, x, y, emit));
  const all = picture("####### #.....# #..#..# #.###.# #..#..# #..#..# #######");
  assert.equal(fill(0, 0), all);
  assert.equal(fill(3, 3), all);
  assert.equal(fill(2, 2), picture("....... ....... ..#.... ....... ....... ....... ......."));
});

for (const [x, y] of points("0 0, 29 0, 0 19, 29 19, 14 10")) {
  test(`a region reaches every border from pixel ${x}, ${y}`, () => {
    let pixels = 0;
    shapes.region({ ids: new Uint8Array(600), width: 30, height: 20 }, x, y, (_, x0, x1) => {
      pixels += x1 - x0;
    });
    assert.equal(pixels, 600);
  });
}

test("a region winds through a spiral, and each pixel of it comes once", () => {
  const spiral = drawn("aaaaa bbbba aaaba abbba aaaaa");
  const filled = covered(5, 5, (emit) => shapes.region(spiral, 0, 2, emit));
  assert.equal(filled, picture("##### ....# ###.# #...# #####"));
});

test("every pixel of a class is found, wherever it is", () => {
  const filled = covered(7, 7, (emit) => shapes.everyPixelOf(maze, "b".charCodeAt(0), emit));
  assert.equal(filled, picture("....... .#####. .#...#. .#...#. .#...#. .##.##. ......."));
});

test("holes take the class of the nearest neighbour, from all sides", () => {
  const map = drawn("a....b a....b ......");
  map.ids = map.ids.map((id) => (id === 46 ? 0 : id));
  assert.equal(asText({ ids: shapes.growInto(map, 0), width: 6 }), picture("aaabbb aaabbb aaabbb"));
  assert.equal(asText(map), picture("a....b a....b ......"), "the map itself is left alone");
});

test("a map that is one hole stays as it is", () => {
  assert.deepEqual(shapes.growInto({ ids: new Uint8Array(6), width: 3, height: 2 }, 0), new Uint8Array(6));
});

test("a mirrored map has left and right swapped", () => {
  assert.equal(asText({ ids: shapes.mirror(drawn("abc def")), width: 3 }), picture("cba fed"));
});

test("a map at another size takes the nearest pixel", () => {
  const map = drawn("ab cd");
  const at = (width, height) => asText({ ids: shapes.resample(map, width, height), width });
  assert.equal(at(4, 4), picture("aabb aabb ccdd ccdd"));
  assert.equal(at(3, 1), picture("cdd"));
  assert.equal(at(2, 2), picture("ab cd"));
  assert.notEqual(shapes.resample(map, 2, 2), map.ids, "a copy");
});
