package live

import (
	"testing"
	"testing/synctest"
)

func TestWatcherSeesTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Board[int]
		_, changed := b.Get()
		got := make(chan int, 1)
		go func() {
			<-changed
			synctest.Wait() // let the writer run ahead
			v, _ := b.Get()
			got <- v
		}()
		for i := 1; i <= 100; i++ {
			b.Set(i) // nobody reads in between: must not block
		}
		if v := <-got; v != 100 {
			t.Errorf("the watcher saw %d, want the newest, 100", v)
		}
	})
}

func TestEveryWatcherWakes(t *testing.T) {
	var b Board[string]
	_, one := b.Get()
	_, two := b.Get()
	b.Set("new")
	<-one
	<-two
	if v, next := b.Get(); v != "new" {
		t.Errorf("value %q", v)
	} else {
		select {
		case <-next:
			t.Error("woken without a change")
		default:
		}
	}
}
