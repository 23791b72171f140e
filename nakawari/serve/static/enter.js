import { call, say } from "./api.js";

const button = document.getElementById("enter");
button?.addEventListener("click", async () => {
  try {
    await call("POST", "/enter", { token: button.dataset.token });
    location.replace("/");
  } catch (error) {
    say(error.message);
  }
});
