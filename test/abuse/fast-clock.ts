// Loaded into a server before its own code: its clock runs so many times faster as the environment says. Timers do not.
const speed = Number(process.env["ABUSE_CLOCK_SPEED"]);
const start = Date.now();
const now = Date.now.bind(Date);
Date.now = () => Math.floor(start + (now() - start) * speed);
