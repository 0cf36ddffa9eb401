/*
 * A television channel: plays the files of the application's folder as one live stream, in the order of their names,
 * around the clock. Files that are added or removed are noticed when the list begins again.
 */
import { type Application, defineApplication, reject } from "millrace/app";

type State = {
	/** What is left of this round. */
	readonly waiting: string[];
	playing: string | undefined;
};

const STREAM = "tv";
/** When there was nothing to play, or a file could not be played, in milliseconds. */
const RETRY_MILLIS = 5000;

const app = defineApplication({
	state: (): State => ({ waiting: [], playing: undefined }),

	async onStart(app) {
		app.streams.get(STREAM).onStatus = info => {
			if (info.code === "NetStream.Play.Start") {
				app.state.playing = String(info["details"]);
				app.log.info(`${STREAM} shows ${app.state.playing}.`);
				app.broadcast("nowPlaying", app.state.playing);
				// The next one waits behind it, so that there is no gap between them.
				return putNext(app);
			}
			if (info.level !== "error") return;
			app.log.warn(`${STREAM}: ${info.description}`);
			app.setTimeout(() => putNext(app), RETRY_MILLIS);
		};
		await putNext(app);
	},

	onConnect(client) {
		const { playing } = client.app.state;
		if (playing !== undefined) client.send("nowPlaying", playing);
	},

	onPublish: () => reject("This channel makes its own programme."),

	methods: {
		/** What is shown, and what follows in this round. */
		programme: ({ app }) => ({ playing: app.state.playing ?? null, next: [...app.state.waiting] }),
	},
});

/** Puts one more file at the end of the stream's playlist. */
async function putNext(app: Application<State>): Promise<void> {
	const { waiting } = app.state;
	if (waiting.length === 0) {
		const files = await app.streams.files();
		waiting.push(
			...files.filter(({ length, isGrowing }) => length !== undefined && !isGrowing).map(({ name }) => name),
		);
		waiting.sort();
	}
	const name = waiting.shift();
	if (name === undefined) {
		app.log.warn("There are no files to play.");
		app.setTimeout(() => putNext(app), RETRY_MILLIS);
		return;
	}
	app.streams.get(STREAM).play(name, { start: 0, reset: false });
}

export default app;
