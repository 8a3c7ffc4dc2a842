/**
 * What Python and the page give each other, and what the parts of the page know of each other. Types
 * alone.
 */

/** @import { Again } from "./core/again.js" */
/** @import { CanvasDocument, Hand } from "./core/document.js" */
/** @import { Light } from "./core/light.js" */
/** @import { Size } from "./core/sizes.js" */
/** @import { Stamp } from "./core/stamps.js" */
/** @import { Bytes, LabelMap, WireMap } from "./core/wire.js" */

/**
 * @typedef {object} LabelClass `describe_classes` in wire.py
 * @property {number} id
 * @property {string} name
 * @property {string} category
 * @property {number[]} color red, green, blue
 * @property {boolean} seen in the training
 * @property {string | null} substitute the name of what a class outside of the training is drawn as
 */

/**
 * @typedef {object} Props of the component, `canvas_props` in wire.py
 * @property {WireMap & {about?: AboutFile} | null} value
 * @property {number} width
 * @property {number} height
 * @property {LabelClass[]} classes
 * @property {Stamp[]} stamps
 * @property {string[]} streets names
 * @property {boolean} [reads_photos] whether the server finds maps in photos
 * @property {string} checkpoint its name
 * @property {string[]} lights names; none where the checkpoint is told no light
 * @property {[number, number][]} photo_sizes width and height at which the generator draws, `photo_sizes` in
 *   shape.py; the one for this canvas first
 * @property {DeviceProps | null} device what makes photos on this device; null where nothing can
 */

/**
 * What the server answers in place of a photo, a map or a token.
 * @typedef {{error?: string, busy?: boolean, retry_s?: number, photo?: undefined, map?: undefined,
 *   token?: undefined}} Refusal
 */

/** @typedef {{error?: undefined, busy?: undefined}} Accepted */
/** @template Answer @typedef {Promise<Answer & Accepted | Refusal | undefined>} Soon */
/**
 * @typedef {object} PhotoRequest
 * @property {WireMap} map
 * @property {number | null} seed
 * @property {string | null} target token
 * @property {Light | null} light
 * @property {Again | null} [again] regions with seeds of their own
 */

/** @typedef {{ssim: number, psnr: number, percentile: number | null, percentile_of: string | null}} Scores */

/**
 * @typedef {object} PhotoAnswer
 * @property {string} photo data URL
 * @property {number} width
 * @property {number} height
 * @property {number | null} seed
 * @property {number} map_crc32 of the map that the server drew
 * @property {Scores | null} scores
 * @property {boolean} target_missing whether the server has dropped the target
 * @property {string} [notice] a sentence for everyone, such as that the GPU is full
 */

/** @typedef {"photo" | "labels_color" | "labels_ids" | "pair" | "ssim_map"} FileField */
/** @typedef {Record<FileField, string>} Files data URLs */
/** @typedef {{name: string | null, seed: number | null}} StreetName a drawn or a random one */

/** @import { Shares } from "./panels/colors.js" */

/** @typedef {{key: string, name: string}} Reading what a file's values stand for */

/** How far a drive along a street has come: a drawn one by its name, or a random one by its seed. @typedef {{name: string | null, street: number | null, at_m: number, time_s: number}} Place */
/** @typedef {{map: WireMap, photo: string}} DrivePicture the photo as a data URL */
/** A picture of a video, its map's shape, width over height, and how long it is seen. @typedef {{photo: string, map: LabelMap, aspect: number, ms: number}} FilmFrame */
/** Saves a video; `what` it is, for people. @typedef {(frames: FilmFrame[], name: string, what: string) => Promise<void>} Film */

/**
 * What the page asks the server, `Live` in live.py; undefined comes when nothing came back.
 * @typedef {object} Server
 * @property {(request: PhotoRequest) => Soon<PhotoAnswer>} render
 * @property {(request: PhotoRequest & {drawn: WireMap | null}) => Soon<Files>} final_result of a map whose photo is
 *   that of `drawn`, where that is another one
 * @property {(request: {image: string}) => Soon<{token: string}>} set_target
 * @property {(request: {image: string, target: string}) =>
 *   Soon<Pick<PhotoAnswer, "scores" | "target_missing">>} scores_of a photo that this device made
 * @property {(request: {image: string}) => Soon<{light: number[]}>} light_of
 * @property {(request: StreetName) => Soon<{map: WireMap} & StreetName>} street
 * @property {(request: Place & Omit<Drawing, "again"> & {pace: number}) => Soon<DrivePicture>} drive
 * @property {(request: Place) => Soon<{map: WireMap}>} park
 * @property {(request: {image: string, read_as?: string}) => Soon<({map: WireMap} & AboutFile)
 *   | {error: string, colors: Shares, map?: undefined}>} open_picture
 */

/**
 * What is known of a file that a map came of, `Live.about` in live.py.
 * @typedef {object} AboutFile
 * @property {string} report a sentence
 * @property {number | null} predicted the class IoU of the network that found the map in a photo
 * @property {Reading[]} readings how it was read, then how else it could be
 * @property {{token: string, photo: string} | null} target the photo of a pair, or the one that the map was found in
 * @property {number[] | null} light of that photo, where it was the file, and the checkpoint is told a light
 */

/**
 * A photo, and what it was made of.
 * @typedef {object} Shot
 * @property {string} photo data URL
 * @property {number} crc32 of the map that made it
 * @property {number} revision of the painter then
 * @property {number} serial counts the requests
 * @property {LabelMap} map that map
 * @property {LabelMap} drawn the map that it shows: the same one, or with its unlabeled area filled
 * @property {number | null} seed
 * @property {Light | null} light
 * @property {Again | null} [again]
 * @property {string | null} target token
 * @property {Scores | null} scores
 * @property {boolean} target_missing
 */

/**
 * What the rest of the studio may know of the canvas, and do with it. It is the map that is painted, too.
 * @typedef {object} Painter
 * @property {Bytes} ids
 * @property {number} width
 * @property {number} height
 * @property {Uint32Array} counts pixels of each class id
 * @property {Set<number>} stamped ids of the classes of the stamped things that can still be moved
 * @property {number} revision counts the changes
 * @property {boolean} stroking while a stroke is in progress
 * @property {LabelClass[]} classes
 * @property {Set<number>} known ids of the classes
 * @property {(id: number) => number[]} colorOf
 * @property {HTMLElement} root
 * @property {(ids: Bytes, note: string) => void} setMap replaces the map in one step, by one of its size
 * @property {Readonly<Size>} usual width and height of the canvas that one begins with
 * @property {Again | null} again regions of the photo that have seeds of their own
 * @property {(map: LabelMap, note?: string, again?: Again | null) => void} load replaces the map, and the canvas takes its shape; the root
 *   hears `cg-load`. It throws a RangeError for a strip
 * @property {(map: LabelMap, again?: Again | null) => void} begin does so too, as the first map: nothing before it can be undone
 * @property {() => () => boolean} sinceNow tells, from then on, whether the last step is still part of the map, or was
 *   taken back
 * @property {Hand} hand what one paints with
 * @property {(hand: Hand) => void} setHand
 * @property {(listener: (change: {revision: number, final: boolean, reshaped: boolean}) => void) => void} subscribe
 * @property {(picture: CanvasImageSource | null, opacity: number) => void} setOverlay
 * @property {(text: string, warning?: boolean) => void} say
 * @property {() => void} focus
 */

/**
 * What this device has to know of a checkpoint, `browser_info` in synthesis/browser.py.
 * @typedef {object} DeviceInfo
 * @property {string} name
 * @property {number} width that the generator sees
 * @property {number} height
 * @property {string} weights_name by which the graph calls the file
 * @property {Record<string, number>} substitutes what classes are drawn as that training never showed
 * @property {number[][]} noise the shapes of the graph's inputs noise.0, noise.1, ...
 * @property {number} noise_seed of photos that no seed was asked for
 * @property {{named: Record<string, number[]>, spread: number[][], brightness: number[], warmth: number[],
 *   most_change: number} | null} light what the checkpoint knows of it; null where it is told none
 * @property {{map: WireMap, every: number, pixels: number[]}} check every so many pixels of the plain photo of a map,
 *   plane by plane in [-1, 1]
 */

/** A file to fetch from an absolute URL, or one relative to the folder of the modules, and how it is known. @typedef {{url: string, bytes: number, sha256: string}} RemoteFile */

/**
 * What this device makes photos with, `describe_parts` in runtime.py; all of it comes from the page's own origin.
 * @typedef {object} DeviceParts
 * @property {RemoteFile} graph
 * @property {RemoteFile} weights
 * @property {Record<Backend, {script: string, binary: RemoteFile}>} runtime of ONNX Runtime; the URL of a module, and
 *   its WebAssembly
 * @property {DeviceInfo} info
 */

/** @typedef {"webgpu" | "wasm"} Backend */

/**
 * `device_props` in device.py.
 * @typedef {object} DeviceProps
 * @property {DeviceParts} parts
 * @property {string} server_name what the server computes on
 * @property {boolean} starts_here whether photos are made here until the visitor chooses, where there is WebGPU
 */

/** What a photo is drawn with, beside its map. @typedef {{seed: number | null, light: Light | null, again?: Again | null}} Drawing */

/** Opens a document and says so. @typedef {(opened: CanvasDocument, note: string) => void} OpenMap */

export {};
