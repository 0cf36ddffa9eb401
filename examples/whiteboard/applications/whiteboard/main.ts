/*
 * A whiteboard: every instance is a board, a persistent shared object with a slot for each stroke. Clients draw by
 * setting slots; the application keeps what is on the board within bounds, and wipes it when somebody asks for that.
 */
import { defineApplication, reject, type SharedObject } from "millrace/app";

/** What a slot holds: points as x, y, x, y, … */
export type Stroke = { readonly colour: string; readonly points: readonly number[] };

const MAX_STROKES = 500;
const MAX_POINTS = 1000;
const COLOURS = ["#c62828", "#1565c0", "#2e7d32", "#6a1b9a", "#ef6c00", "#00838f"];

const app = defineApplication({
	state: () => ({ comers: 0 }),

	onStart(app) {
		const board = app.sharedObjects.get("board", { persistent: true });
		board.onSync = list => {
			// One change, however many slots it concerns: everybody sees it at once.
			board.change(() => {
				for (const { code, name } of list) if (code === "change" && !isStroke(board.get(name))) board.delete(name);
				for (const name of oldest(board)) board.delete(name);
			});
		};
	},

	onConnect(client) {
		const { state } = client.app;
		// Nothing but the board is for clients to write: no streams, and no shared objects of their own.
		client.writeAccess = "board";
		client.send("yourColour", COLOURS[state.comers++ % COLOURS.length]);
	},

	methods: {
		async wipe(client) {
			const board = client.app.sharedObjects.get("board", { persistent: true });
			if (board.keys.length === 0) return reject("There is nothing on the board.");
			board.clear();
			// When the caller has its answer, an empty board survives whatever happens.
			return board.flush();
		},
	},
});

/** Names of the strokes that are too many. Slots keep the order in which they were made. */
function oldest(board: SharedObject): readonly string[] {
	return board.keys.slice(0, Math.max(0, board.keys.length - MAX_STROKES));
}

/** Clients may send anything. */
function isStroke(value: unknown): value is Stroke {
	if (typeof value !== "object" || value === null) return false;
	const { colour, points } = value as Partial<Stroke>;
	if (typeof colour !== "string" || !COLOURS.includes(colour) || !Array.isArray(points)) return false;
	return points.length <= MAX_POINTS && points.every(number => typeof number === "number");
}

export default app;
