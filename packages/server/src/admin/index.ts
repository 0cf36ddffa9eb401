export { describeCodecs } from "./describe-codecs.ts";
export { fileViewOf, serverViewOf } from "./host-view.ts";
export {
	type FileFacts,
	type FileView,
	LibraryView,
	type LibraryViewOptions,
	MAX_FILES_OF_PAGE,
} from "./library-view.ts";
export { LiveView } from "./live-view.ts";
export type { PortFacts, ServerFacts, ServerView, StreamFacts } from "./server-view.ts";
