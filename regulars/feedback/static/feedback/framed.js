// The survey inside a pop-up tells the page around it how high it is, that it is done, and of Escape.
{
  const tell = (said) => parent.postMessage({ regulars: said }, "*");
  const high = () => tell(document.body.offsetHeight);
  new ResizeObserver(high).observe(document.body);
  addEventListener("load", high);
  if (document.querySelector(".end")) tell("done");
  addEventListener("keydown", (event) => event.key === "Escape" && tell("close"));
}
