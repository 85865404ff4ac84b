// Runs with the cards of the cities. A city is chosen by the boxes beside the question: the one place for it.
const choose = (cities) => {
  for (const box of document.querySelectorAll('#cities input[type=checkbox]')) {
    if (box.checked !== cities.includes(box.name)) box.click();
  }
};

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.matches('.city-all')) choose([]);
  if (button.matches('.city-more, .city-ask')) choose([button.dataset.city]);
  if (button.matches('.city-more')) document.getElementById('tab-cities')?.scrollIntoView({ block: 'start' });
  if (button.matches('.city-ask')) {
    document.getElementById('tab-ask-button').click();
    setTimeout(() => document.querySelector('#question textarea').focus(), 100);
  }
});
