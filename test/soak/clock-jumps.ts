/**
 * Loaded before a server (`node --import`): SIGUSR2 makes its clock jump, an hour back and an hour forth in turn. Only the
 * wall clock: timers run on the monotonic one, which does not jump.
 */
const realNow = Date.now.bind(Date);
const hourMs = 3_600_000;
let offset = 0;

Date.now = () => realNow() + offset;
process.on("SIGUSR2", () => {
  offset = offset === 0 ? -hourMs : 0;
});
