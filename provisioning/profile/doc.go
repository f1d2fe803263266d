// Package profile keeps the site profile of a kiosk: signed at headquarters, never older than one that was here before, tried before it stays.
//
//	{identity}/
//	  profile          in force (CMS around the text that config.ParseProfile reads)
//	  profile.trial    being tried; it is the one that is used while it is here
//	  profile.json     what is known beside: the highest version ever taken, how often the trial began, what has to work with it, why the last one went
//
// Every change is one whole file. A cut between two leaves a kiosk that runs on one of them, and a version that was taken is never taken again.
package profile
